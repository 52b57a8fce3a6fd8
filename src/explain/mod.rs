//! Explanations: why a node took a step, and why another one has not taken its next.
//!
//! The module reads what a run has recorded ([`World`](crate::trace::World), [`CausalLog`](crate::trace::CausalLog)) and
//! returns data without words. It uses no clock and knows neither the engine nor the picture.
//!
//! | module | contents |
//! |---|---|
//! | [`step`] | steps, rules, and the claims that statements must make |
//! | [`why`] | the evidence of a transition, the messages behind it, causes and effects |
//! | [`local_view`], [`missing`] | what one node knows about a slot; its next steps and what they lack |
//! | `ballot_candidates`, `lack` | what a next step can be about; what one rule lacks for a claim |
//! | `additions`, `completions`, `minimal_sets` | minimal sets of nodes with which a rule applies |
//! | [`connectivity`], [`availability`] | which nodes reach each other; whether they contain a quorum |
//! | [`situation`], [`why_not`] | a run at one instant; the standing of the nodes whose statements are missing |
//! | [`progress`] | whether the network decides, waits, or is stuck |
//! | [`verdict`] | agreement; intact, befouled and ill-behaved nodes |

mod additions;
pub mod availability;
mod ballot_candidates;
mod completions;
pub mod connectivity;
mod lack;
pub mod local_view;
mod minimal_sets;
pub mod missing;
pub mod progress;
pub mod situation;
pub mod step;
pub mod verdict;
pub mod why;
pub mod why_not;

pub use minimal_sets::MinimalSets;
