//! A map in pieces, each with its own lock, so that requests about different things never wait for each other.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// A map from keys to cheap values (numbers, `Arc`s).
pub struct Shards<K, V> {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<K, V>>>,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { hasher: RandomState::new(), shards }
    }
}

impl<K: Eq + Hash, V: Clone> Shards<K, V> {
    /// Gives `change` the entry of a key, and answers what it answers. Nobody else sees that piece meanwhile.
    pub fn with<R>(&self, key: &K, change: impl FnOnce(&mut HashMap<K, V>) -> R) -> R {
        let shards = u64::try_from(self.shards.len()).unwrap_or(1).max(1);
        let position = usize::try_from(self.hasher.hash_one(key) % shards).unwrap_or(0);
        match self.shards.get(position) {
            Some(shard) => change(&mut locked(shard)),
            None => change(&mut HashMap::new()),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<V> {
        self.with(key, |shard| shard.get(key).cloned())
    }

    /// Keeps what `keep` says. Values that go are dropped outside the locks.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        for shard in &self.shards {
            let mut gone = Vec::new();
            locked(shard).retain(|key, value| {
                let stays = keep(key, value);
                if !stays {
                    gone.push(value.clone());
                }
                stays
            });
            drop(gone);
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The lock, also after a panic elsewhere: the values are always whole, because they are only ever replaced.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_found_until_it_is_not_kept() {
        let map: Shards<u32, u32> = Shards::default();
        for key in 0..1_000 {
            map.with(&key, |shard| shard.insert(key, key * 2));
        }
        assert_eq!(map.get(&21), Some(42));
        map.retain(|key, _| key % 2 == 0);
        assert_eq!((map.get(&21), map.get(&22), map.len()), (None, Some(44), 500));
    }
}
