//! Explanations of recorded runs, and through the command.
//!
//! | module | contents |
//! |---|---|
//! | `recorded_runs` | messages, causes and effects, copies in transit |
//! | `command` | the command |

mod command;
mod recorded_runs;
