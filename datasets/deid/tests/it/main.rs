//! Builds whole versions from definitions: a small made-up hospital, and every bundled definition.

mod bundled;
mod fixture;
mod gate;
mod input;
mod release;
mod synthetic;
