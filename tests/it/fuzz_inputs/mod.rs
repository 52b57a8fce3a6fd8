//! What strangers may send to a node that is a process: datagrams, signed messages, calls; sensible ones, and nonsense.
//!
//! Property tests (`fuzz_properties.rs`) and the fuzz targets in `fuzz/` share this. Everything is signed as it should be where
//! the signature would otherwise be all that is ever looked at. Demanded is: nothing panics, what is refused is said, what
//! the node says can be read by others and contradicts nothing that it has said before.

pub(crate) mod calls;
pub(crate) mod conversation;
pub(crate) mod datagrams;
pub(crate) mod harness;
