//! Explanations: compared with brute force on random states, of recorded runs, and through the command.
//!
//! | module | contents |
//! |---|---|
//! | `random_network` | small networks of intact and Byzantine nodes in random states |
//! | `definitions` | claims and rules of federated voting, by definition; shares no code with the program |
//! | `statements` | the statement with which a node makes a claim |
//! | `brute_force` | witness sets, missing sets and impossible steps on random states |
//! | `recorded_runs` | messages, causes and effects, copies in transit |
//! | `availability` | availability compared with all sets of nodes; real networks |
//! | `command` | the command |

mod availability;
mod brute_force;
mod command;
mod definitions;
mod random_network;
mod recorded_runs;
mod statements;
