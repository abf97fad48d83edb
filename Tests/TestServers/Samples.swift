// Tests that need servers use the samples too.

@_exported import TestSamples
