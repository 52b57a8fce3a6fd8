//! Signed JSON: the text as its author wrote it, and an Ed25519 signature.

use crate::live::identity::{Identity, SignaturePurpose, is_signed_by};
use crate::node::NodeKey;
use data_encoding::HEXLOWER;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::ToSchema;

/// Why received data is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It is not JSON, or has another structure.
    #[error("{0}")]
    Malformed(String),
    /// The signature is not that of the author that the text contains.
    #[error("the signature is not that of {0}, for this network and these bytes")]
    BadSignature(NodeKey),
    /// It belongs to another network.
    #[error("it belongs to another network")]
    OtherNetwork,
    /// It has another version of the protocol.
    #[error("version {0} of the protocol, expected 1")]
    OtherVersion(u32),
    /// It is too long: bytes, and the limit.
    #[error("{0} bytes, expected at most {1}")]
    TooLarge(usize, usize),
    /// The directory is full.
    #[error("too many nodes: the directory of this node is full")]
    TooManyNodes,
}

/// Bytes, serialized as lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexBytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for HexBytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HexBytes<N>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes());
        match bytes.map(<[u8; N]>::try_from) {
            Ok(Ok(bytes)) => Ok(HexBytes(bytes)),
            Ok(Err(_)) | Err(_) => {
                let expected = N.saturating_mul(2);
                Err(D::Error::custom(format!(
                    "expected {expected} lower-case hexadecimal digits"
                )))
            }
        }
    }
}

/// JSON text and the signature of its author over exactly these bytes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The signed text. It contains the key of its author.
    #[schema(value_type = Object)]
    pub message: Arc<RawValue>,
    /// Ed25519 signature, 128 lower-case hexadecimal digits. It covers the name of the network and the purpose, too.
    #[schema(value_type = String, pattern = "^[0-9a-f]{128}$")]
    pub signature: HexBytes<64>,
}

impl PartialEq for Signed {
    fn eq(&self, other: &Signed) -> bool {
        self.signature == other.signature && self.message.get() == other.message.get()
    }
}

impl Signed {
    /// Serializes and signs `content`.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn new<T: Serialize>(
        identity: &Identity,
        network: &str,
        purpose: SignaturePurpose,
        content: &T,
    ) -> Result<Signed, WireError> {
        let malformed = |error: serde_json::Error| WireError::Malformed(error.to_string());
        let message = serde_json::value::to_raw_value(content).map_err(malformed)?;
        let signature = HexBytes(identity.sign(network, purpose, message.get().as_bytes()));
        Ok(Signed {
            message: Arc::from(message),
            signature,
        })
    }

    /// Parses the text without verifying the signature.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        serde_json::from_str(self.message.get())
            .map_err(|error| WireError::Malformed(error.to_string()))
    }

    /// Verifies the signature of `author`.
    pub(super) fn check(
        &self,
        author: NodeKey,
        network: &str,
        purpose: SignaturePurpose,
    ) -> Result<(), WireError> {
        let bytes = self.message.get().as_bytes();
        if is_signed_by(author, network, purpose, bytes, &self.signature.0) {
            Ok(())
        } else {
            Err(WireError::BadSignature(author))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_bytes_survive_serialization() {
        let identity = Identity::new([7; 32]);
        let content = serde_json::json!({"tea": [1, 2, "\u{e9}\"\\"], "x": 1.5});
        let signed = Signed::new(&identity, "test", SignaturePurpose::Message, &content).unwrap();
        let json = serde_json::to_string(&vec![signed.clone()]).unwrap();
        let [read]: [Signed; 1] = serde_json::from_str(&json).unwrap();
        assert_eq!(read, signed);
        let check =
            |signed: &Signed| signed.check(identity.key(), "test", SignaturePurpose::Message);
        assert_eq!(check(&read), Ok(()));
        let forged: Signed =
            serde_json::from_str(&json[1..json.len() - 1].replace("tea", "tee")).unwrap();
        assert_eq!(check(&forged), Err(WireError::BadSignature(identity.key())));
        assert!(
            serde_json::from_str::<Signed>(&json.replace(r#""signature":""#, r#""signature":"0"#))
                .is_err()
        );
    }
}
