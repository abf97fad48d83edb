/* libpq as Swift sees it. PG_DIAG_* are character macros, which Swift cannot import: they are given as constants here. */
#ifndef DUBAN_CPOSTGRESQL_SHIM_H
#define DUBAN_CPOSTGRESQL_SHIM_H
#include <libpq-fe.h>
static const int cpostgresql_diag_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int cpostgresql_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int cpostgresql_diag_message = PG_DIAG_MESSAGE_PRIMARY;
static const int cpostgresql_diag_detail = PG_DIAG_MESSAGE_DETAIL;
static const int cpostgresql_diag_hint = PG_DIAG_MESSAGE_HINT;
static const int cpostgresql_diag_position = PG_DIAG_STATEMENT_POSITION;
static const int cpostgresql_diag_table = PG_DIAG_TABLE_NAME;
static const int cpostgresql_diag_column = PG_DIAG_COLUMN_NAME;
static const int cpostgresql_diag_constraint = PG_DIAG_CONSTRAINT_NAME;
#endif
