from __future__ import annotations

import pytest

from tools.sql import Dialect
from tools.sql_lint import lint
from tools.sql_rules import Grade

SAFE = [
    "CREATE TABLE t (id bigserial PRIMARY KEY, name text NOT NULL)",
    "ALTER TABLE users ADD COLUMN age int",
    "ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0",
    "CREATE INDEX CONCURRENTLY i ON users (name)",
    "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID",
    "ALTER TABLE users VALIDATE CONSTRAINT c",
    "ALTER TABLE users ALTER COLUMN age DROP NOT NULL",
    "COMMENT ON TABLE users IS 'people; all of them -- really'",
    "INSERT INTO colours (name) VALUES ('red'), ('DROP TABLE users')",
    "CREATE TYPE mood AS ENUM ('good')",
    "-- DROP TABLE users\nCREATE SCHEMA s",
    "",
]

DOUBTFUL = [
    "CREATE INDEX i ON users (name)",
    "CREATE UNIQUE INDEX CONCURRENTLY i ON users (name)",
    "ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (id)",
    "ALTER TABLE users ADD COLUMN at timestamptz DEFAULT now()",
    "ALTER TABLE users ADD COLUMN b int GENERATED ALWAYS AS (a + 1) STORED",
    "UPDATE users SET age = 1 WHERE age IS NULL",
    "DELETE FROM users WHERE age = 0",
    "DROP INDEX i",
    "GRANT SELECT ON users TO app",
    "ALTER TYPE mood ADD VALUE 'bad'",
    "SELECT setval('s', 1)",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
]

DANGEROUS = [
    "DROP TABLE users",
    "DROP TABLE IF EXISTS users, orders CASCADE",
    "DROP VIEW v",
    "DROP SCHEMA s",
    "DROP TYPE mood",
    "ALTER TABLE users DROP COLUMN age",
    "ALTER TABLE users DROP CONSTRAINT c",
    "ALTER TABLE users RENAME COLUMN age TO years",
    "ALTER TABLE users RENAME TO people",
    "ALTER INDEX i RENAME TO j",
    "ALTER TABLE users ALTER COLUMN age TYPE bigint",
    "ALTER TABLE users ALTER COLUMN age SET NOT NULL",
    "ALTER TABLE users ADD COLUMN age int NOT NULL",
    "DELETE FROM users",
    "DELETE FROM users WHERE true",
    "DELETE FROM users WHERE 1 = 1",
    "UPDATE users SET age = 1",
    "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone",
    "TRUNCATE users",
    "GRANT ALL ON users TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA s TO PUBLIC",
    "REVOKE ALL ON users FROM app",
    "DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$",
    "EXECUTE stored",
    "PREPARE x AS DELETE FROM users",
    "COPY users FROM PROGRAM 'curl x'",
    "COPY users TO '/tmp/x'",
    "ALTER ROLE app SUPERUSER",
    "ALTER SYSTEM SET fsync = off",
    "LOCK TABLE users",
    "VACUUM FULL users",
    "CREATE EXTENSION dblink",
    "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql",
    "CREATE TRIGGER g BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()",
    "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
    "SET lock_timeout = '0'",
    "SET session_replication_role = replica",
    "SET ROLE admin",
    "COMMIT",
    "BEGIN; CREATE TABLE t (a int); COMMIT",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_read_file('/etc/passwd')",
    "INSERT INTO t SELECT set_config('lock_timeout', '0', false)",
    "CREATE TABLE a (b int); CREATE INDEX CONCURRENTLY i ON users (name)",
    "/* squawk-ignore-file */ CREATE TABLE t (a int)",
    "CREATE TABLE t (a int); -- noqa",
    "-- squawk-ignore ban-drop-table\nDROP TABLE users",
]

UNREADABLE = [
    "\\! rm -rf /",
    "\\copy users FROM 'x'",
    "foo bar",
    "CREATE TABLE",
    "CLUSTER users",
    "SELECT 'open",
    "SELECT 1 {# ; DROP TABLE users; #}",
    "CREATE TABLE {{ name }} (a int)",
    "SELECT 1\0",
    "ALTER TABLE users ATTACH PARTITION p FOR VALUES IN (1)",
    "-- " + "x" * 1_100_000,
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
]

SQLITE = [
    ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT) WITHOUT ROWID", Grade.OK),
    ("CREATE TABLE t (a TEXT) STRICT", Grade.OK),
    ("ALTER TABLE users ADD COLUMN a TEXT NOT NULL DEFAULT ''", Grade.OK),
    ("CREATE INDEX i ON users (name)", Grade.OK),
    ("CREATE UNIQUE INDEX i ON users (name)", Grade.WARN),
    ("INSERT OR REPLACE INTO users VALUES (1)", Grade.WARN),
    ("REPLACE INTO users VALUES (1)", Grade.WARN),
    ("ALTER TABLE users DROP COLUMN a", Grade.DANGEROUS),
    ("PRAGMA writable_schema = 1", Grade.DANGEROUS),
    ("PRAGMA foreign_keys = off", Grade.DANGEROUS),
    ("PRAGMA integrity_check", Grade.OK),
    ("ATTACH 'x' AS y", Grade.DANGEROUS),
    ("DETACH y", Grade.DANGEROUS),
    ("VACUUM", Grade.DANGEROUS),
    ("SELECT load_extension('x')", Grade.DANGEROUS),
    ("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM users; END", Grade.UNPARSABLE),
    ("/* /* */ DROP TABLE users; -- */ */", Grade.DANGEROUS),
    (".read x", Grade.UNPARSABLE),
]


@pytest.mark.parametrize("sql", SAFE)
def test_what_only_adds_is_safe(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.OK


@pytest.mark.parametrize("sql", DOUBTFUL)
def test_what_may_hurt_is_warned_of(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.WARN


@pytest.mark.parametrize("sql", DANGEROUS)
def test_what_takes_away_is_dangerous(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.DANGEROUS


@pytest.mark.parametrize("sql", UNREADABLE)
def test_what_cannot_be_read_is_not_safe(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.UNPARSABLE


@pytest.mark.parametrize(("sql", "grade"), SQLITE)
def test_sqlite_has_rules_of_its_own(sql: str, grade: Grade) -> None:
    assert lint(sql, "sqlite").grade is grade


def test_each_reason_names_its_statement() -> None:
    found = lint("ALTER TABLE users ADD COLUMN a int; DROP TABLE users;\n\nDROP TABLE orders", "postgres")

    assert [reason.rpartition(": ")[2] for reason in found.reasons] == [
        "DROP TABLE users",
        "DROP TABLE orders",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t DROP COLUMN a; DROP TABLE t",
        'CREATE TABLE "T" (a int); UPDATE "T" SET a = 1',
        "CREATE TABLE Old (a int); ALTER TABLE old RENAME TO new; TRUNCATE NEW",
        "CREATE TEMP TABLE t (a int); DELETE FROM t",
    ],
)
def test_what_the_same_file_made_may_be_touched(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.OK


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t; CREATE TABLE t (a int)",
        "CREATE TABLE IF NOT EXISTS users (a int); DELETE FROM users",
        "CREATE TABLE t (a int); DROP TABLE t; DROP TABLE t",
        "CREATE TABLE t (a int); TRUNCATE t, users",
        "CREATE TABLE t (a int); DROP TABLE t, users",
        'CREATE TABLE users (a int); DELETE FROM "Users"',
        "CREATE TABLE s.users (a int); DELETE FROM users",
        "CREATE VIEW v AS SELECT * FROM users; DELETE FROM v",
        "CREATE OR REPLACE VIEW v AS SELECT 1; DROP VIEW v",
        "CREATE TABLE users (a int); SET search_path TO other; DELETE FROM users",
        "CREATE TABLE a (b int); ALTER TABLE a RENAME TO c; DELETE FROM a",
    ],
)
def test_a_new_table_hides_no_old_one(sql: str) -> None:
    assert lint(sql, "postgres").grade is Grade.DANGEROUS


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    "hidden",
    [
        "SELECT '\\'; DROP TABLE users; --'",
        "SELECT 1 -- x\n; DROP TABLE users",
        "SELECT '/*'; DROP TABLE users; SELECT '*/'",
        'SELECT "--"; DROP TABLE users',
        "SELECT 'it''s'; DROP TABLE users; --'",
    ],
)
def test_nothing_hides_behind_quotes_and_comments(hidden: str, dialect: Dialect) -> None:
    assert lint(hidden, dialect).grade is Grade.DANGEROUS


@pytest.mark.parametrize(
    "hidden", ["SELECT E'\\''; DROP TABLE users; --'", "SELECT $a$ $$ $a$; DROP TABLE users; --$$"]
)
def test_nothing_hides_behind_postgres_quotes(hidden: str) -> None:
    assert lint(hidden, "postgres").grade is Grade.DANGEROUS


def test_a_migrations_own_word_that_it_is_one_way_is_a_doubt_with_its_reason() -> None:
    found = lint("-- One-way: old code reads no JSON\nALTER TABLE users ADD COLUMN data json", "postgres")

    assert found.grade is Grade.WARN
    assert found.reasons == ("one-way: old code reads no JSON",)
