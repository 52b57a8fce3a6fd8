//! Bytes as a source of choices. Once the bytes are used up, every choice is the first one, which never changes
//! anything.

/// The remaining bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Choices made by these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices(bytes)
    }

    /// Whether all bytes are used up.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> usize {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first.into()
            }
            None => 0,
        }
    }

    /// A number below `count`; 0 if there is none.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let number = if count > 256 {
            self.byte() << 8 | self.byte()
        } else {
            self.byte()
        };
        number.checked_rem(count).unwrap_or(0)
    }

    /// True in one of `count` cases.
    pub(crate) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    /// One of `things`; `None` if there are none.
    pub(crate) fn pick<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        things.get(self.below(things.len()))
    }
}
