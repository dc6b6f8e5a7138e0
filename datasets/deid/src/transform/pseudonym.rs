//! Keyed pseudonyms: 26 characters of base 32, or 63 bits for tables whose identifiers are integers.

use crate::key::ProjectKeys;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::sync::Arc;

/// Crockford's base 32 in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The identifiers of a column as text, the one form in which they are hashed and compared.
pub(crate) fn canonical(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let texts = cast(column, &DataType::Utf8)?;
    texts
        .as_string_opt::<i32>()
        .cloned()
        .ok_or_else(|| ArrowError::CastError(format!("{} is not an identifier", column.data_type())))
}

/// Replaces each identifier; equal ones that follow each other are hashed once.
pub(crate) fn apply(
    column: &ArrayRef,
    keys: &ProjectKeys,
    domain: &str,
    integer: bool,
) -> Result<ArrayRef, ArrowError> {
    let ids = canonical(column)?;
    if integer {
        let hash = |id: &str| pseudonym_integer(&keys.identifier(domain, id));
        Ok(Arc::new(once_per_run(&ids, hash).collect::<Int64Array>()))
    } else {
        let hash = |id: &str| pseudonym_text(&keys.identifier(domain, id));
        Ok(Arc::new(once_per_run(&ids, hash).collect::<StringArray>()))
    }
}

/// The text form of a keyed hash: its first 128 bits.
pub(crate) fn pseudonym_text(hash: &[u8; 32]) -> String {
    let value = hash.iter().take(16).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
    (0..26)
        .rev()
        .map(|position| {
            let digit = (value >> (position * 5)) & 31;
            let letter = usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit)).copied().unwrap_or(b'0');
            char::from(letter)
        })
        .collect()
}

/// The integer form of a keyed hash: its low 63 bits, never negative.
pub(crate) fn pseudonym_integer(hash: &[u8; 32]) -> i64 {
    let value = hash.iter().rev().take(8).rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    i64::try_from(value & (u64::MAX >> 1)).unwrap_or(0)
}

fn once_per_run<'a, T: Clone + 'a>(
    ids: &'a StringArray,
    hash: impl Fn(&str) -> T + 'a,
) -> impl Iterator<Item = Option<T>> + 'a {
    let mut last: Option<(&str, T)> = None;
    ids.iter().map(move |id| {
        let id = id?;
        if let Some((same, hashed)) = &last
            && *same == id
        {
            return Some(hashed.clone());
        }
        let hashed = hash(id);
        last = Some((id, hashed.clone()));
        Some(hashed)
    })
}
