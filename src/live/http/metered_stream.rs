//! `MeteredStream`: a connection that fails if its client reads responses too slowly.
//!
//! Time in which the client accepts no data is a debt. Every byte that it accepts pays a part of the debt. A client that
//! reads at least [`BYTES_PER_SECOND`] on average never reaches the limit; one that reads nothing reaches it after the
//! timeout. While there is nothing to send, for example on a quiet stream of events, no debt arises.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Lowest average rate at which a client must read a response.
pub(super) const BYTES_PER_SECOND: u64 = 8_192;

/// A stream to a client, with the debt of the client.
pub(super) struct MeteredStream<S> {
    stream: S,
    debt: Debt,
    /// Fires when the debt reaches the limit, if the client accepts nothing until then.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// The time that a client owes.
#[derive(Debug)]
struct Debt {
    limit: Duration,
    owed: Duration,
    blocked_since: Option<Instant>,
}

impl Debt {
    /// The client accepts nothing. Returns when the debt reaches its limit.
    fn blocked(&mut self, now: Instant) -> Instant {
        let since = *self.blocked_since.get_or_insert(now);
        let left = self.limit.saturating_sub(self.owed);
        since.checked_add(left).unwrap_or(since)
    }

    /// The client has accepted bytes. Returns whether the debt is below its limit.
    fn accepted(&mut self, bytes: usize, now: Instant) -> bool {
        if let Some(since) = self.blocked_since.take() {
            self.owed = self.owed.saturating_add(now.duration_since(since));
        }
        if self.owed >= self.limit {
            return false;
        }
        let paid = Duration::try_from_secs_f64(bytes as f64 / BYTES_PER_SECOND as f64);
        let paid = paid.unwrap_or(Duration::MAX);
        self.owed = self.owed.saturating_sub(paid);
        true
    }
}

impl<S> MeteredStream<S> {
    /// A stream that fails when its client owes `limit`.
    #[must_use]
    pub(super) fn new(stream: S, limit: Duration) -> MeteredStream<S> {
        MeteredStream {
            stream,
            debt: Debt {
                limit,
                owed: Duration::ZERO,
                blocked_since: None,
            },
            alarm: None,
        }
    }

    /// Accounts for the result of a write.
    fn account(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.alarm = None;
                match self.debt.accepted(bytes, Instant::now()) {
                    true => Poll::Ready(Ok(bytes)),
                    false => Poll::Ready(Err(too_slow())),
                }
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let at = self.debt.blocked(Instant::now());
                let alarm = self
                    .alarm
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
                ready!(alarm.as_mut().poll(context));
                Poll::Ready(Err(too_slow()))
            }
        }
    }
}

fn too_slow() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the client reads its response too slowly",
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.account(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.account(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_client_below_the_lowest_rate_reaches_the_limit() {
        let start = Instant::now();
        let accepts = |bytes: usize| {
            let mut debt = Debt {
                limit: Duration::from_secs(10),
                owed: Duration::ZERO,
                blocked_since: None,
            };
            (1..=100).all(|second| {
                let now = start + Duration::from_secs(second);
                debt.blocked(now - Duration::from_secs(1));
                debt.accepted(bytes, now)
            })
        };
        let rate = BYTES_PER_SECOND as usize;
        assert!(accepts(rate));
        assert!(!accepts(rate / 2));
        assert!(!accepts(1));
    }

    #[test]
    fn a_client_that_reads_nothing_ends_the_write() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (server, mut client) = tokio::io::duplex(1024);
            let mut server = MeteredStream::new(server, Duration::from_millis(20));
            let failed = server.write_all(&[0; 4096]).await.unwrap_err();
            assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
            let mut read = [0; 1024];
            assert_eq!(client.read(&mut read).await.unwrap(), 1024);
        });
    }
}
