//! Proof that a node answers at the address that it announces: a challenge-response exchange.
//!
//! The verifier calls `GET /identity?nonce=...` at the address. The node there signs the nonce with its key. So an
//! announcement with an invented key, or with the address of a third party, leads to no further traffic.

use super::announcement::WireAnnouncement;
use super::message::VerifiedMessage;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::NodeKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most messages that another node returns.
const OWN_MESSAGES_MAX: usize = 8;
/// Longest nonce in bytes.
pub const NONCE_BYTES_MAX: usize = 64;

/// The signed answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireAddressProof {
    /// Key of the node that answers.
    pub key: NodeKey,
    /// The nonce of the challenge.
    pub nonce: String,
}

/// The answer to a challenge, with what the answering node remembers of the asking one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityView {
    /// The signed proof.
    pub proof: Signed,
    /// The newest messages of the asking node, each signed by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Signed>,
    /// The newest announcement of the asking node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Signed>,
}

/// The newest messages of this node, as another node has stored them. Their signatures are valid.
#[derive(Clone, Debug, Default)]
pub struct OwnMessages {
    /// Messages.
    pub messages: Vec<VerifiedMessage>,
    /// The newest announcement.
    pub announcement: Option<WireAnnouncement>,
}

impl IdentityView {
    /// Verifies the messages of the asking node `own`. Those of other nodes, and invalid ones, are left out: they prove
    /// nothing.
    #[must_use]
    pub fn own_messages(self, network: &str, own: NodeKey) -> OwnMessages {
        let messages = self.messages.into_iter().take(OWN_MESSAGES_MAX);
        let messages = messages
            .filter_map(|signed| VerifiedMessage::open(signed, network).ok())
            .filter(|message| message.message.sender == own);
        let announcement = self
            .announcement
            .and_then(|signed| WireAnnouncement::open(&signed, network).ok())
            .filter(|announcement| announcement.key == own);
        OwnMessages {
            messages: messages.collect(),
            announcement,
        }
    }
}

impl WireAddressProof {
    /// Answers a challenge.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] for a long nonce.
    pub fn sign(identity: &Identity, network: &str, nonce: String) -> Result<Signed, WireError> {
        if nonce.len() > NONCE_BYTES_MAX {
            return Err(WireError::TooLarge(nonce.len(), NONCE_BYTES_MAX));
        }
        let key = identity.key();
        let proof = WireAddressProof { key, nonce };
        Signed::new(identity, network, SignaturePurpose::AddressProof, &proof)
    }

    /// Verifies that `signed` is the answer of `key` to the challenge `nonce`.
    ///
    /// # Errors
    /// If it is malformed, answers another challenge, or is not signed by `key`.
    pub fn verify(
        signed: &Signed,
        network: &str,
        key: NodeKey,
        nonce: &str,
    ) -> Result<(), WireError> {
        let proof: WireAddressProof = signed.read()?;
        if proof.key != key || proof.nonce != nonce {
            return Err(WireError::Malformed(
                "the answer to another challenge, or of another node".to_owned(),
            ));
        }
        signed.check(key, network, SignaturePurpose::AddressProof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_one_key_one_nonce_and_one_network() {
        let (node, other) = (Identity::new([1; 32]), Identity::new([2; 32]));
        let signed = WireAddressProof::sign(&node, "lunch", "nonce".to_owned()).unwrap();
        let verify = |network, key, nonce| WireAddressProof::verify(&signed, network, key, nonce);
        assert!(verify("lunch", node.key(), "nonce").is_ok());
        assert!(verify("lunch", node.key(), "other nonce").is_err());
        assert!(verify("lunch", other.key(), "nonce").is_err());
        assert!(verify("dinner", node.key(), "nonce").is_err());
    }

    #[test]
    fn a_long_nonce_is_refused() {
        let nonce = "0".repeat(NONCE_BYTES_MAX + 1);
        let signed = WireAddressProof::sign(&Identity::new([1; 32]), "lunch", nonce);
        assert!(matches!(signed, Err(WireError::TooLarge(65, 64))));
    }
}
