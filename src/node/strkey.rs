//! Strkey: the text form of Stellar keys (SEP-23): base32 of a version byte, the key, and a CRC-16 checksum.
//!
//! The crate `stellar-strkey` does the same, but its build script compiles `serde_json` a second time, for the host:
//! 3 % of a first build.

use data_encoding::BASE32_NOPAD;

/// Bytes before base32: version, key, checksum.
const LENGTH: usize = 1 + 32 + 2;

/// What a strkey contains. The version byte determines the first letter of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrkeyKind {
    /// An Ed25519 public key: `G...`.
    PublicKey,
    /// The seed of an Ed25519 secret key: `S...`.
    SecretSeed,
}

impl StrkeyKind {
    /// The letter's number in the base32 alphabet, in the upper five bits.
    const fn version(self) -> u8 {
        match self {
            StrkeyKind::PublicKey => 6 << 3,
            StrkeyKind::SecretSeed => 18 << 3,
        }
    }
}

/// The text of a key: 56 characters.
#[must_use]
pub fn encode(kind: StrkeyKind, key: &[u8; 32]) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.push(kind.version());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&crc16(&bytes).to_le_bytes());
    BASE32_NOPAD.encode(&bytes)
}

/// The key that a text contains, or `None`: wrong length, alphabet, kind or checksum.
#[must_use]
pub fn decode(kind: StrkeyKind, text: &str) -> Option<[u8; 32]> {
    let bytes = BASE32_NOPAD.decode(text.as_bytes()).ok()?;
    let (content, checksum) = bytes.split_last_chunk::<2>()?;
    let (version, key) = content.split_first()?;
    let is_valid = *version == kind.version() && *checksum == crc16(content).to_le_bytes();
    is_valid.then(|| key.try_into().ok()).flatten()
}

/// CRC-16/XMODEM: polynomial 0x1021, initial value 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::StrkeyKind::{PublicKey, SecretSeed};
    use super::*;

    /// The example of SEP-23.
    const ADDRESS: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
    const KEY: [u8; 32] = [
        0x3f, 0x0c, 0x34, 0xbf, 0x93, 0xad, 0x0d, 0x99, 0x71, 0xd0, 0x4c, 0xcc, 0x90, 0xf7, 0x05,
        0x51, 0x1c, 0x83, 0x8a, 0xad, 0x97, 0x34, 0xa4, 0xa2, 0xfb, 0x0d, 0x7a, 0x03, 0xfc, 0x7f,
        0xe8, 0x9a,
    ];

    #[test]
    fn encodes_and_decodes_the_example_of_the_standard() {
        assert_eq!(encode(PublicKey, &KEY), ADDRESS);
        assert_eq!(decode(PublicKey, ADDRESS), Some(KEY));
    }

    #[test]
    fn the_first_letter_names_the_kind() {
        let seed = encode(SecretSeed, &KEY);
        assert!(seed.starts_with('S') && seed.len() == 56);
        assert_eq!(decode(SecretSeed, &seed), Some(KEY));
        assert_eq!(decode(PublicKey, &seed), None);
    }

    #[test]
    fn rejects_every_single_wrong_character_and_length() {
        for position in 0..ADDRESS.len() {
            for wrong in ["A", "7", "a", "1", "=", " "] {
                let mut text = ADDRESS.to_owned();
                text.replace_range(position..=position, wrong);
                assert!(
                    text == ADDRESS || decode(PublicKey, &text).is_none(),
                    "{text}"
                );
            }
        }
        for length in 0..ADDRESS.len() {
            assert_eq!(decode(PublicKey, &ADDRESS[..length]), None);
        }
        assert_eq!(decode(PublicKey, &format!("{ADDRESS}AAAAAAAA")), None);
    }
}
