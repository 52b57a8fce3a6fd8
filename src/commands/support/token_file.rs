//! Bearer token of a node, read from the file of `--token-file`.

use super::error::CommandError;
use crate::scenario::without_byte_order_mark;
use crate::text::terminal;
use std::fs;
use std::path::Path;

/// Shortest token that a file may contain, in bytes.
const TOKEN_BYTES_MIN: usize = 16;

/// Reads a bearer token.
///
/// # Errors
/// If the file cannot be read, or the token is shorter than 16 printable ASCII characters.
pub(in crate::commands) fn read_token(path: &Path) -> Result<String, CommandError> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| CommandError::Input(terminal::file_error(&shown, &error.to_string())))?;
    let token = without_byte_order_mark(&text).trim();
    if token.len() < TOKEN_BYTES_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CommandError::Input(terminal::token_expected(&shown)));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_printable_tokens_of_16_bytes_or_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (content, is_accepted) in [
            ("0123456789abcdef\n", true),
            ("\u{feff}0123456789abcdef\r\n", true),
            ("0123456789abcde\n", false),
            ("0123456789abcdef 0", false),
            ("", false),
        ] {
            fs::write(&path, content).unwrap();
            let token = read_token(&path);
            assert_eq!(token.is_ok(), is_accepted, "{content:?}");
        }
        assert!(read_token(&folder.path().join("missing")).is_err());
    }
}
