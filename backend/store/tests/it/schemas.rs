//! Both folders of migrations describe one schema: read back from real databases, in common words.

use crate::place::{Place, Raw};

/// One line for each table, column, key, reference and index.
const SQLITE: &str = "
    WITH t AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
               AND name <> '__diesel_schema_migrations')
    SELECT 'column ' || t.name || '.' || c.name || ' ' ||
           CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytes' ELSE c.type END ||
           CASE c.\"notnull\" WHEN 1 THEN ' not null' ELSE '' END AS value
    FROM t, pragma_table_info(t.name) c
    UNION ALL
    SELECT 'primary key ' || t.name || ' (' || (SELECT group_concat(name, ', ') FROM
           (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk)) || ')' FROM t
    UNION ALL
    SELECT 'reference ' || t.name || '.' || f.\"from\" || ' to ' || f.\"table\" || '.' || f.\"to\"
    FROM t, pragma_foreign_key_list(t.name) f
    UNION ALL
    SELECT CASE i.\"unique\" WHEN 1 THEN 'unique index ' ELSE 'index ' END || i.name || ' on ' || t.name || ' (' ||
           (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
    FROM t, pragma_index_list(t.name) i WHERE i.origin = 'c'
    UNION ALL
    SELECT 'trigger ' || name || ' on ' || tbl_name FROM sqlite_schema WHERE type = 'trigger'";

const POSTGRES: &str = "
    WITH t AS (SELECT c.oid, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> '__diesel_schema_migrations'),
    columns AS (SELECT k.conrelid, k.contype, k.confrelid, k.confkey, k.conname,
                (SELECT string_agg(a.attname, ', ' ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (key, n)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.key) AS names
                FROM pg_constraint k)
    SELECT 'column ' || t.name || '.' || a.attname || ' ' || CASE format_type(a.atttypid, a.atttypmod)
           WHEN 'bigint' THEN 'integer' WHEN 'text' THEN 'text' WHEN 'bytea' THEN 'bytes'
           ELSE format_type(a.atttypid, a.atttypmod) END || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END AS value
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'primary key ' || t.name || ' (' || k.names || ')' FROM t JOIN columns k ON k.conrelid = t.oid
    WHERE k.contype = 'p'
    UNION ALL
    SELECT 'reference ' || t.name || '.' || k.names || ' to ' || k.confrelid::regclass || '.' ||
           (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1])
    FROM t JOIN columns k ON k.conrelid = t.oid WHERE k.contype = 'f'
    UNION ALL
    SELECT CASE WHEN i.indisunique THEN 'unique index ' ELSE 'index ' END || c.relname || ' on ' || t.name || ' (' ||
           (SELECT string_agg(a.attname, ', ' ORDER BY u.n) FROM unnest(i.indkey) WITH ORDINALITY u (key, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.key) || ')'
    FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisprimary
    UNION ALL
    SELECT 'trigger ' || g.tgname || ' on ' || t.name FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal";

fn lines(url: &str) -> Vec<String> {
    let sql = if url.starts_with("postgres") { POSTGRES } else { SQLITE };
    let mut lines = Raw::open(url).texts(sql);
    lines.sort();
    lines
}

#[test]
fn both_folders_of_migrations_describe_one_schema() {
    crate::place::run(Place::on_sqlite(), |sqlite| async move {
        let postgres = Place::on_postgres();
        mudeung_store::Db::migrate(&postgres.control).await.unwrap();
        mudeung_store::ledger::Ledger::migrate(&postgres.ledger).unwrap();
        let control = lines(&sqlite.control);
        assert_eq!(control, lines(&postgres.control));
        assert!(control.contains(&"reference grants.app to apps.id".to_owned()), "{control:#?}");
        assert!(control.contains(&"unique index versions_number on versions (dataset, tier, number)".to_owned()));
        let ledger = lines(&sqlite.ledger);
        assert_eq!(ledger, lines(&postgres.ledger));
        assert!(ledger.contains(&"column entry.intent integer".to_owned()), "{ledger:#?}");
        assert!(ledger.contains(&"primary key tile (level, idx)".to_owned()), "{ledger:#?}");
    });
}

#[test]
fn migrating_twice_changes_nothing() {
    crate::place::run(Place::on_sqlite(), |place| async move {
        let before = lines(&place.control);
        mudeung_store::Db::migrate(&place.control).await.unwrap();
        assert_eq!(lines(&place.control), before);
    });
}
