//! `Mailbox`: room for one message that one thread waits for.
//!
//! A bounded channel of length 1, but whoever waits sleeps at once. The channels of crossbeam look again and give way a
//! few times before they sleep, which takes as long as everything that a small network does in between.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
enum Room<M> {
    Empty,
    Full(M),
    /// Nobody will look any more.
    Closed,
}

#[derive(Debug)]
struct Mailbox<M> {
    room: Mutex<Room<M>>,
    filled: Condvar,
}

impl<M> Mailbox<M> {
    fn room(&self) -> MutexGuard<'_, Room<M>> {
        // Nothing that could break down is done while it is locked.
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where messages are put in.
#[derive(Debug)]
pub(super) struct Slit<M>(Arc<Mailbox<M>>);

impl<M> Clone for Slit<M> {
    fn clone(&self) -> Slit<M> {
        Slit(Arc::clone(&self.0))
    }
}

impl<M> Slit<M> {
    /// Puts `message` in and never waits: it takes the place of one that was not fetched. Where nobody looks any more it
    /// is dropped.
    pub(super) fn post(&self, message: M) {
        let mut room = self.0.room();
        let before = match *room {
            Room::Closed => Room::Full(message),
            Room::Empty | Room::Full(_) => std::mem::replace(&mut *room, Room::Full(message)),
        };
        // Whoever wakes up can go on at once, and what is dropped may post something itself.
        drop(room);
        drop(before);
        self.0.filled.notify_one();
    }
}

/// Where messages are fetched. Dropping it closes the mailbox.
#[derive(Debug)]
pub(super) struct Inbox<M>(Arc<Mailbox<M>>);

impl<M> Inbox<M> {
    /// Sleeps until there is a message.
    pub(super) fn fetch(&self) -> M {
        let mut room = self.0.room();
        loop {
            if let Room::Full(message) = std::mem::replace(&mut *room, Room::Empty) {
                return message;
            }
            let woken = self.0.filled.wait(room);
            room = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        let unread = std::mem::replace(&mut *self.0.room(), Room::Closed);
        drop(unread);
    }
}

/// An empty mailbox.
pub(super) fn mailbox<M>() -> (Slit<M>, Inbox<M>) {
    let mailbox = Arc::new(Mailbox {
        room: Mutex::new(Room::Empty),
        filled: Condvar::new(),
    });
    (Slit(Arc::clone(&mailbox)), Inbox(mailbox))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_last_is_fetched() {
        let (slit, inbox) = mailbox();
        slit.post(1);
        assert_eq!(inbox.fetch(), 1);
        slit.clone().post(2);
        slit.post(3);
        assert_eq!(inbox.fetch(), 3);
    }

    #[test]
    fn nothing_stays_where_nobody_looks() {
        let message = Arc::new(());
        let (slit, inbox) = mailbox();
        slit.post(Arc::clone(&message));
        drop(inbox);
        assert_eq!(Arc::strong_count(&message), 1);
        slit.post(Arc::clone(&message));
        assert_eq!(Arc::strong_count(&message), 1);
    }
}
