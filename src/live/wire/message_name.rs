//! Names of messages: they identify a message in all processes.

use crate::node::NodeKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Globally unique name of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageName {
    /// Key of its author.
    #[schema(value_type = String)]
    pub sender: NodeKey,
    /// Its number among the messages of its author.
    pub nth: u64,
}
