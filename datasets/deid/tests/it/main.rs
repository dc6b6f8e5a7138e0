//! Builds whole versions from definitions: a small made-up hospital, and every bundled definition.
//!
//! The modules say `cfg(test)` so that the lints know that they are tests.

#[cfg(test)]
mod adult;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bundled;
#[cfg(test)]
mod cohort;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod inference;
#[cfg(test)]
mod input;
#[cfg(test)]
mod linkage;
#[cfg(test)]
mod rejects;
#[cfg(test)]
mod release;
#[cfg(test)]
mod report;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod threats;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod without;
