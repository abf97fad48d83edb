// The former name of a type, until the file that still uses it is free to be changed.

import DubanBroker

/// What ``IntakeJob`` calls the publisher of dead letters.
typealias DeadLetterOffice = DeadLetterPublisher
