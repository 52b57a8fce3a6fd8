//! What crosses the network, as types: messages, announcements, bundles, each signed.
//!
//! Inside a process nodes have numbers; between processes they have keys. Here the one becomes the other. Everything is
//! JSON; what is signed is kept as it was written, so relays pass on exactly the bytes that their author signed.
//! Absent here: sockets, and any decision about what a message means.

mod announcement;
mod bundle;
mod message;
mod quorum_set;
mod receipt;
mod signed;

pub use announcement::{
    DATAGRAM_BYTES_MAX, Datagram, NAME_BYTES_MAX, VERSION, WireAnnouncement, is_name,
};
pub use bundle::{MessageName, VerifiedBundle, WireBundle};
pub use message::{VerifiedMessage, WireBody, WireDecision, WireMessage, WireStatement};
pub use quorum_set::WireQuorumSet;
pub use receipt::{LogHead, Receipt, ReceiptCode, Receipts};
pub use signed::{HexBytes, Signed, WireError};
