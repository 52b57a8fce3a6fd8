//! What a node answers to messages.

use super::signed::WireError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the log of a node has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogHead {
    /// The last recorded slot; 0 if there is none.
    pub index: u64,
    /// SHA-256 over the whole log, 64 hexadecimal digits: equal logs have equal hashes.
    pub hash: String,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptCode {
    /// The node has taken it in.
    Accepted,
    /// It came before.
    Duplicate,
    /// It is about a slot that is decided here, or too far ahead.
    WrongSlot,
    /// It contradicts itself, or SCP refuses it.
    Invalid,
    /// Its signature is not that of its sender.
    BadSignature,
    /// Its sender lies outside the closure of the node's quorum set, or nobody trusted vouches for it.
    Outsider,
    /// It is for another node, or of a kind that is taken elsewhere.
    Misdirected,
    /// The node cannot take it in now.
    Busy,
}

/// What became of one message, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// In a word.
    pub verdict: ReceiptCode,
    /// In a sentence, if it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Receipt {
    /// Taken in.
    #[must_use]
    pub fn accepted() -> Receipt {
        Receipt {
            verdict: ReceiptCode::Accepted,
            why: None,
        }
    }

    /// Not taken in.
    #[must_use]
    pub fn refused(verdict: ReceiptCode, why: impl Into<String>) -> Receipt {
        Receipt {
            verdict,
            why: Some(why.into()),
        }
    }
}

impl From<&WireError> for Receipt {
    /// The receipt of a message that cannot be read, verified or understood.
    fn from(error: &WireError) -> Receipt {
        let code = match error {
            WireError::TooManyNodes => ReceiptCode::Busy,
            WireError::BadSignature(_) => ReceiptCode::BadSignature,
            _ => ReceiptCode::Invalid,
        };
        Receipt::refused(code, error.to_string())
    }
}

/// What became of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipts {
    /// In the order of the messages.
    pub results: Vec<Receipt>,
    /// How far the log of the answering node has come, if any message was good enough for it to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub log: Option<LogHead>,
}
