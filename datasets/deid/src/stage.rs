//! The two stages of a patient's data as types: raw data cannot be handed to the writer by mistake.

/// Data that still names persons. There is no way from here to the writer but through a transform.
#[derive(Clone)]
pub struct Identified<T>(T);

/// Data that went through a recipe. Only this crate's transforms make it.
#[derive(Debug, Clone)]
pub struct Deidentified<T>(T);

impl<T> Identified<T> {
    /// Marks data as naming persons.
    pub fn new(raw: T) -> Self {
        Self(raw)
    }

    /// Looks at the raw data; for transforms and measurements within this crate.
    pub(crate) fn raw(&self) -> &T {
        &self.0
    }
}

/// Never shows the data.
impl<T> std::fmt::Debug for Identified<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identified(…)")
    }
}

impl<T> Deidentified<T> {
    /// Vouches that the data went through a recipe.
    pub(crate) fn vouch(data: T) -> Self {
        Self(data)
    }

    /// The data, to be looked at or written.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The data itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}
