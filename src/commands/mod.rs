//! What the program can be told to do, one module per subcommand. They compose the rest.

pub mod conformance;
