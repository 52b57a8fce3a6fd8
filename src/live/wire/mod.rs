//! Wire format: signed messages, announcements and bundles, in JSON.
//!
//! Nodes have keys on the wire and numbers inside a process; `WireX::new` and `to_local` convert. Signed text is kept as it
//! was received, so relays forward exactly the bytes that the author signed.

mod address_proof;
mod announcement;
mod bundle;
mod message;
mod message_name;
mod quorum_set;
mod receipt;
mod signed;

pub use address_proof::{IdentityView, NONCE_BYTES_MAX, OwnMessages, WireAddressProof};
pub use announcement::{
    DATAGRAM_BYTES_MAX, Datagram, NAME_BYTES_MAX, Recency, VERSION, WireAnnouncement, is_name,
};
pub use bundle::{UnverifiedBundle, VerifiedBundle, WireBundle};
pub use message::{
    UnverifiedMessage, VerifiedMessage, WireBody, WireDecision, WireMessage, WireStatement,
};
pub use message_name::MessageName;
pub use quorum_set::WireQuorumSet;
pub use receipt::{LogHead, LogPoint, Receipt, ReceiptCode, Receipts};
pub use signed::{HexBytes, Signed, WireError};
