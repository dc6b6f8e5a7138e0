-- The ledger has a database of its own: other backups, other rights, another fate.
CREATE DATABASE mudeung_ledger;
