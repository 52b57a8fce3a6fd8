//! What the program can be told to do, one module per subcommand. They compose the rest.

#[cfg(feature = "window")]
pub mod bench_frame;
pub mod conformance;
