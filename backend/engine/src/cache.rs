//! A small bounded map that forgets what was not used for longest.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// A bounded map of cheap-to-clone values.
pub(crate) struct Cache<K, V> {
    entries_max: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    entries: HashMap<K, (u64, V)>,
    /// Counts uses; the entry with the smallest count was not used for longest.
    uses: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// A map that keeps at most so many entries, and at least one.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { entries_max: entries_max.max(1), inner: Mutex::new(Inner { entries: HashMap::new(), uses: 0 }) }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let uses = inner.uses;
        let (last_used, value) = inner.entries.get_mut(key)?;
        *last_used = uses;
        Some(value.clone())
    }

    /// Forgets a key.
    pub(crate) fn forget(&self, key: &K) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).entries.remove(key);
    }

    /// Keeps a value, unless the key has one already. Returns the value that is kept.
    pub(crate) fn keep(&self, key: K, value: V) -> V {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let uses = inner.uses;
        if inner.entries.len() >= self.entries_max && !inner.entries.contains_key(&key) {
            let oldest = inner.entries.iter().min_by_key(|(_, (last_used, _))| *last_used).map(|(key, _)| key.clone());
            oldest.and_then(|key| inner.entries.remove(&key));
        }
        inner.entries.entry(key).or_insert((uses, value)).1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn the_entry_not_used_for_longest_goes_first() {
        let cache = Cache::new(2);
        cache.keep("a", 1);
        cache.keep("b", 2);
        assert_eq!(cache.get(&"a"), Some(1));
        cache.keep("c", 3);
        assert_eq!((cache.get(&"a"), cache.get(&"b"), cache.get(&"c")), (Some(1), None, Some(3)));
    }

    #[test]
    fn the_first_value_of_a_key_stays() {
        let cache = Cache::new(2);
        assert_eq!(cache.keep("a", 1), 1);
        assert_eq!(cache.keep("a", 2), 1);
    }
}
