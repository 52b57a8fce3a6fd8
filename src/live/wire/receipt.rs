//! Receipts for messages, and the head of a log.

use super::signed::WireError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Length and hash of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogHead {
    /// The last recorded slot; 0 if the log is empty.
    pub index: u64,
    /// SHA-256 over the whole log, 64 hexadecimal digits: equal logs have equal hashes.
    pub hash: String,
    /// In answers: the hash that this log had when it was as long as the log of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub common: Option<Box<LogPoint>>,
}

/// A slot of a log, and the hash over the log up to this slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPoint {
    /// The slot.
    pub index: u64,
    /// SHA-256 over the log up to this slot, 64 hexadecimal digits.
    pub hash: String,
}

/// The result of receiving a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptCode {
    /// The node has accepted it.
    Accepted,
    /// It has arrived before.
    Duplicate,
    /// Its slot is already decided at this node, or is too far ahead.
    WrongSlot,
    /// It is inconsistent, or SCP refuses it.
    Invalid,
    /// Its signature is not that of its sender.
    BadSignature,
    /// Its sender is outside the transitive quorum set of the node, or no trusted node certifies it.
    Outsider,
    /// It is for another node, or for another endpoint.
    Misdirected,
    /// The node cannot accept it now.
    Busy,
}

/// The receipt for one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// The result.
    pub verdict: ReceiptCode,
    /// The reason, if it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Receipt {
    /// The receipt for an accepted message.
    #[must_use]
    pub fn accepted() -> Receipt {
        Receipt {
            verdict: ReceiptCode::Accepted,
            why: None,
        }
    }

    /// The receipt for a message that was not accepted.
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

/// The receipts for the messages of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipts {
    /// One receipt per message, in order.
    pub results: Vec<Receipt>,
    /// Head of the log of the answering node; absent if no message of the call was valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub log: Option<LogHead>,
}
