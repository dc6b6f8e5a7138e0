//! The ledger as an outsider sees it: the bytes of an entry, the tree over them, and what is signed.

pub mod add_checkpoint;
pub mod audit;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod entry;
pub mod export;
pub mod note;
pub mod proof;
pub mod pruning;
pub mod tile;
pub mod tree;
pub mod trust;
pub mod year;
