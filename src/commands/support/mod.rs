//! Helpers that several subcommands share.
//!
//! | module | contents |
//! |---|---|
//! | `load`, `finished_run` | scenarios, networks and recordings; running them up to a stop condition |
//! | `trace_file`, `recording_session`, `image_export` | outputs of a run: traces, pictures |
//! | `atomic_write`, `distinct_files`, `stdout` | writing files and standard output |
//! | `node_client`, `token_file` | requests to running nodes |
//! | `quorum_intersection`, `value_text`, `cpu_time` | values in summaries and reports |
//! | `error` | errors and exit codes |

pub(super) mod atomic_write;
pub(super) mod cpu_time;
pub(super) mod distinct_files;
pub(super) mod error;
pub(super) mod finished_run;
pub(super) mod image_export;
pub(super) mod load;
#[cfg(feature = "net")]
pub(super) mod node_client;
pub(super) mod quorum_intersection;
#[cfg(feature = "window")]
pub(super) mod recording_session;
pub(super) mod stdout;
#[cfg(feature = "net")]
pub(super) mod token_file;
pub(super) mod trace_file;
pub(super) mod value_text;
