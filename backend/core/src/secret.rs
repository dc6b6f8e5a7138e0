//! A value that must not be printed, logged or left in memory.

use std::fmt;
use zeroize::Zeroize;

/// Wraps a secret so that `Debug` shows nothing of it and its memory is wiped when it is dropped.
///
/// ```
/// use mudeung_core::secret::Secret;
/// let s = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{s:?}"), "Secret(…)");
/// assert_eq!(s.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into keeping.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
