//! Nodes as processes: the same `node::Node` as in the simulation, with a real clock, a store, files and a network.

mod fetch;
mod files;
mod lock;
mod store;

pub use fetch::{FetchEnd, FetchEvent, FetchProgress, FetchSettings, Fetcher, Trouble};
pub use files::{Begun, FileStore, FilesError, Part, Stored};
pub use store::{Batch, Store, StoreError};
