//! Parser of server-sent events (WHATWG HTML, section 9.2): the fields `event` and `data`, and comments.

use crate::trace::LINE_BYTES_MAX;
use std::io::{self, BufRead, Read};

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// Its name; `message` by default.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// Parses events from a stream.
pub(super) struct SseReader<R> {
    lines: R,
}

impl<R: BufRead> SseReader<R> {
    pub(super) fn new(lines: R) -> SseReader<R> {
        SseReader { lines }
    }

    /// The next event; `None` at the end of the stream. Comments, which serve as keep-alive, are skipped.
    ///
    /// # Errors
    /// If the connection fails, or the stream is malformed.
    pub(super) fn next(&mut self) -> io::Result<Option<SseEvent>> {
        let (mut name, mut data): (String, Option<String>) = (String::new(), None);
        loop {
            let Some(line) = self.line()? else {
                return Ok(None);
            };
            if line.is_empty() {
                if let Some(data) = data.take() {
                    if name.is_empty() {
                        name.push_str("message");
                    }
                    return Ok(Some(SseEvent { name, data }));
                }
                name.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => match &mut data {
                    None => data = Some(value.to_owned()),
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                },
                _ => {}
            }
        }
    }

    /// The next line, without its terminator.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = self
            .lines
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_line(&mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.pop() != Some('\n') {
            let what = match read as u64 {
                LINE_BYTES_MAX.. => "a line is too long",
                _ => "the stream ended within a line",
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        if line.ends_with('\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, String)> {
        let mut events = SseReader::new(text.as_bytes());
        let mut found = Vec::new();
        while let Ok(Some(event)) = events.next() {
            found.push((event.name, event.data));
        }
        found
    }

    fn pair(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn all_forms_of_events_are_parsed() {
        let text = ": alive\n\nevent: hello\ndata: {\"a\":1}\n\nevent:record\ndata:x\ndata: y\nid: 7\n\n\n: alive\r\n\r\ndata: z\r\n\r\nevent: nothing\n\ndata: broken off";
        assert_eq!(
            all(text),
            [
                pair("hello", "{\"a\":1}"),
                pair("record", "x\ny"),
                pair("message", "z")
            ]
        );
    }

    #[test]
    fn a_truncated_line_is_an_error() {
        assert!(SseReader::new(&b"data: x"[..]).next().is_err());
        assert!(SseReader::new(&b"data: \xff\n\n"[..]).next().is_err());
        assert_eq!(SseReader::new(&b""[..]).next().unwrap(), None);
    }
}
