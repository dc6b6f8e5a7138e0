//! The client and its command line against a small server that plays the sandbox, faults included.
//!
//! Faults such as cut connections cannot be had from the real server on demand; that the real server answers the same
//! shapes is tested end to end elsewhere.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod download;
#[cfg(test)]
mod dpop;
#[cfg(test)]
mod ranges;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod sending;
