//! Byte order mark: some editors begin UTF-8 files with it. It is no content, and no parser of this program gets it.

/// The mark as it begins a file.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text without a byte order mark at its start.
#[must_use]
pub fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}
