//! `Identity`: the Ed25519 key pair of a node, and what signatures cover.
//!
//! The secret key lies in the data folder as a Stellar seed (`S...`), readable by its owner only. Every signature covers
//! the name of the network and what kind of thing is signed, so nothing said in one place can be passed off in another.

use crate::node::NodeKey;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use stellar_strkey::ed25519::PrivateKey;

/// Name of the file in the data folder.
const FILE: &str = "secret-key";

/// Why a node has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or made.
    #[error("{}: {source}; expected a readable secret key, or a folder in which one can be made", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: this is no secret key; expected S and 55 more characters. Restore the file, or remove it: then the node becomes another one", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// What kind of thing a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePurpose {
    /// A message between nodes.
    Message,
    /// A bundle of what others have said, passed on.
    Bundle,
    /// An announcement of discovery.
    Announcement,
}

impl SignaturePurpose {
    const fn tag(self) -> &'static str {
        match self {
            SignaturePurpose::Message => "message",
            SignaturePurpose::Bundle => "bundle",
            SignaturePurpose::Announcement => "announcement",
        }
    }
}

/// Who a node is.
pub struct Identity {
    secret: SigningKey,
    key: NodeKey,
}

impl Identity {
    /// Is there a key in the data folder?
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        dir.join(FILE).try_exists().unwrap_or(true)
    }

    /// The identity in the data folder; made there if there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged.
    pub fn open(dir: &Path) -> Result<Identity, IdentityError> {
        let path = dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match PrivateKey::from_string(text.trim()) {
                Ok(PrivateKey(bytes)) => Ok(Identity::new(bytes)),
                Err(_) => Err(IdentityError::Malformed { path }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Identity::create(&path),
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    /// The identity with this secret.
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
        let text = PrivateKey(bytes).as_unredacted().to_string();
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

    /// The signature over `bytes` for this network and purpose.
    #[must_use]
    pub fn sign(&self, network: &str, purpose: SignaturePurpose, bytes: &[u8]) -> [u8; 64] {
        self.secret
            .sign(&covered(network, purpose, bytes))
            .to_bytes()
    }
}

/// Has `key` signed `bytes` for this network and purpose?
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
    // Lengths first: no two lists of parts give the same bytes.
    let mut covered = format!("quorumscope 1 {} {} ", network.len(), purpose.tag()).into_bytes();
    covered.extend_from_slice(network.as_bytes());
    covered.extend_from_slice(bytes);
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_kept_from_others() {
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
    fn a_signature_holds_for_one_key_network_purpose_and_text_only() {
        let (one, other) = (Identity::new([1; 32]), Identity::new([2; 32]));
        let signature = one.sign("test", SignaturePurpose::Message, b"tea");
        let holds = |key, network, purpose, text: &[u8]| {
            is_signed_by(key, network, purpose, text, &signature)
        };
        assert!(holds(one.key(), "test", SignaturePurpose::Message, b"tea"));
        assert!(!holds(
            other.key(),
            "test",
            SignaturePurpose::Message,
            b"tea"
        ));
        assert!(!holds(one.key(), "tes", SignaturePurpose::Message, b"ttea"));
        assert!(!holds(one.key(), "test", SignaturePurpose::Bundle, b"tea"));
        assert!(!holds(
            one.key(),
            "test",
            SignaturePurpose::Message,
            b"coffee"
        ));
        assert!(!holds(
            NodeKey::new([0; 32]),
            "test",
            SignaturePurpose::Message,
            b"tea"
        ));
    }
}
