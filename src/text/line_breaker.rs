//! Line breaking (UAX #14): breaks a text into lines at the break opportunities of its script, not only at spaces.

use unicode_width::UnicodeWidthStr;

/// Length in bytes of the first line of `text`: up to the last break opportunity with which the line `fits`, or up to
/// the first one if none does. `fits` gets the line without trailing spaces.
#[must_use]
pub(crate) fn first_line(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let mut end = 0;
    for (at, _) in unicode_linebreak::linebreaks(text) {
        if end > 0 && !fits(text[..at].trim_end()) {
            break;
        }
        end = at;
    }
    end
}

/// Breaks `text` into lines of at most `columns` columns of a terminal. A longer word has a line of its own.
#[must_use]
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = first_line(rest, |line| line.width() <= columns);
        lines.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_where_the_script_allows_it() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("extraordinary", 7), ["extraordinary"]);
        assert_eq!(wrapped("", 7), [""; 0]);
        // An ideograph takes two columns, and a line may end after each.
        assert_eq!(wrapped("共識協議", 5), ["共識", "協議"]);
    }
}
