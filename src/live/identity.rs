//! Node identity: an Ed25519 key pair, and signatures with domain separation.
//!
//! The secret key is a Stellar seed (`S...`) in a file in the data folder, with mode 0600. Every signature covers the
//! name of the network and the purpose, so a signature cannot be replayed in another network or for another purpose.

use crate::node::NodeKey;
use crate::node::strkey::{self, StrkeyKind};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Name of the file of the secret key in the data folder.
const FILE: &str = "secret-key";

/// Why the identity of a node cannot be read or created.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or created.
    #[error("{}: {source}; expected a readable secret key, or a folder in which one can be created", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The file does not contain a secret key.
    #[error("{}: not a secret key; expected S and 55 more characters. Restore the file, or remove it to start as a new node", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The purpose of a signature, for domain separation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePurpose {
    /// A message between nodes.
    Message,
    /// A bundle of relayed messages.
    Bundle,
    /// An announcement for discovery.
    Announcement,
    /// The answer to an address challenge.
    AddressProof,
}

impl SignaturePurpose {
    const fn tag(self) -> &'static str {
        match self {
            SignaturePurpose::Message => "message",
            SignaturePurpose::Bundle => "bundle",
            SignaturePurpose::Announcement => "announcement",
            SignaturePurpose::AddressProof => "address proof",
        }
    }
}

/// The key pair of a node.
pub struct Identity {
    secret: SigningKey,
    key: NodeKey,
}

impl Identity {
    /// Whether the data folder contains a key. A folder that cannot be read counts as one with a key.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        dir.join(FILE).try_exists().unwrap_or(true)
    }

    /// Reads the identity from the data folder, or creates one there if it has none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or does not contain a key.
    pub fn open(dir: &Path) -> Result<Identity, IdentityError> {
        let path = dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match strkey::decode(StrkeyKind::SecretSeed, text.trim()) {
                Some(bytes) => Ok(Identity::new(bytes)),
                None => Err(IdentityError::Malformed { path }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Identity::create(&path),
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    /// The identity with this secret key.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Identity {
        let secret = SigningKey::from_bytes(&secret);
        let key = NodeKey::new(secret.verifying_key().to_bytes());
        Identity { secret, key }
    }

    fn create(path: &Path) -> Result<Identity, IdentityError> {
        let failed = |source| IdentityError::Io {
            path: path.to_path_buf(),
            source,
        };
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error.to_string())))?;
        let text = strkey::encode(StrkeyKind::SecretSeed, &bytes);
        let unfinished = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished).map_err(failed)?;
        writeln!(file, "{text}").map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        if let Some(Ok(folder)) = path.parent().map(File::open) {
            folder.sync_all().map_err(failed)?;
        }
        Ok(Identity::new(bytes))
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> NodeKey {
        self.key
    }

    /// Signs `bytes` for this network and purpose.
    #[must_use]
    pub fn sign(&self, network: &str, purpose: SignaturePurpose, bytes: &[u8]) -> [u8; 64] {
        self.secret
            .sign(&covered(network, purpose, bytes))
            .to_bytes()
    }
}

/// Verifies a signature of `key` over `bytes` for this network and purpose.
#[must_use]
pub fn is_signed_by(
    key: NodeKey,
    network: &str,
    purpose: SignaturePurpose,
    bytes: &[u8],
    signature: &[u8; 64],
) -> bool {
    let Ok(verifying) = VerifyingKey::from_bytes(key.bytes()) else {
        return false;
    };
    let signature = Signature::from_bytes(signature);
    verifying
        .verify_strict(&covered(network, purpose, bytes), &signature)
        .is_ok()
}

fn covered(network: &str, purpose: SignaturePurpose, bytes: &[u8]) -> Vec<u8> {
    // The length of the network name comes first, so that different networks and texts never give the same bytes.
    let mut covered = format!("quorumscope 1 {} {} ", network.len(), purpose.tag()).into_bytes();
    covered.extend_from_slice(network.as_bytes());
    covered.extend_from_slice(bytes);
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_created_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Identity::open(dir.path()).unwrap();
        let again = Identity::open(dir.path()).unwrap();
        assert_eq!(first.key(), again.key());
        let path = dir.path().join(FILE);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
        fs::write(&path, "S123").unwrap();
        assert!(matches!(
            Identity::open(dir.path()),
            Err(IdentityError::Malformed { .. })
        ));
        assert!(matches!(
            Identity::open(&dir.path().join("nowhere")),
            Err(IdentityError::Io { .. })
        ));
    }

    #[test]
    fn a_signature_is_valid_for_one_key_network_purpose_and_text_only() {
        let (one, other) = (Identity::new([1; 32]), Identity::new([2; 32]));
        let signature = one.sign("test", SignaturePurpose::Message, b"tea");
        let is_valid = |key, network, purpose, text: &[u8]| {
            is_signed_by(key, network, purpose, text, &signature)
        };
        assert!(is_valid(
            one.key(),
            "test",
            SignaturePurpose::Message,
            b"tea"
        ));
        assert!(!is_valid(
            other.key(),
            "test",
            SignaturePurpose::Message,
            b"tea"
        ));
        assert!(!is_valid(
            one.key(),
            "tes",
            SignaturePurpose::Message,
            b"ttea"
        ));
        assert!(!is_valid(
            one.key(),
            "test",
            SignaturePurpose::Bundle,
            b"tea"
        ));
        assert!(!is_valid(
            one.key(),
            "test",
            SignaturePurpose::Message,
            b"coffee"
        ));
        assert!(!is_valid(
            NodeKey::new([0; 32]),
            "test",
            SignaturePurpose::Message,
            b"tea"
        ));
    }
}
