//! Counts responses that are being made or sent on one connection, so that a shutdown can wait for them, and reports to
//! the table of connections what the connection does.

use super::connections::Connection;
use axum::body::{Body, Bytes};
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// The number of responses in flight: each counts from its request to the last byte of its body.
#[derive(Clone)]
pub(super) struct InFlight {
    count: Arc<AtomicUsize>,
    connection: Arc<Connection>,
}

impl InFlight {
    /// A counter for this connection.
    #[must_use]
    pub(super) fn new(connection: Arc<Connection>) -> InFlight {
        InFlight {
            count: Arc::default(),
            connection,
        }
    }

    /// Counts a request whose headers have arrived, until the guard is dropped.
    pub(super) fn begin(&self) -> ResponseGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.connection.receives();
        ResponseGuard(self.clone())
    }

    /// The body of a request, which reports when it has arrived.
    pub(super) fn request_body<B: HttpBody>(&self, body: B) -> RequestBody<B> {
        if body.is_end_stream() {
            self.connection.has_received();
        }
        RequestBody {
            body,
            connection: Arc::clone(&self.connection),
        }
    }

    /// Whether a response is in flight.
    pub(super) fn is_any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }
}

/// The body of a request. When it has arrived or is dropped, the connection is busy with the response.
pub(super) struct RequestBody<B> {
    body: B,
    connection: Arc<Connection>,
}

impl<B> Drop for RequestBody<B> {
    fn drop(&mut self) {
        self.connection.has_received();
    }
}

impl<B: HttpBody + Unpin> HttpBody for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(_))) if !self.body.is_end_stream() => self.connection.receives(),
            Poll::Ready(_) => self.connection.has_received(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// One response in flight. Dropped when it is sent, or when the client is gone.
pub(super) struct ResponseGuard(InFlight);

impl ResponseGuard {
    /// Keeps the guard until the body of the response is dropped.
    pub(super) fn attach(self, response: Response<Body>) -> Response<GuardedBody> {
        response.map(|body| GuardedBody { body, _guard: self })
    }
}

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
        self.0.connection.has_answered();
    }
}

/// A body with its guard.
pub(super) struct GuardedBody {
    body: Body,
    _guard: ResponseGuard,
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::http::connections::Connections;
    use crate::live::http::places::PlaceLimits;

    #[test]
    fn a_response_is_in_flight_until_its_body_is_dropped() {
        let connections = Connections::new(PlaceLimits::shares_of(8));
        let connection = connections.open([127, 0, 0, 1].into()).unwrap();
        let in_flight = InFlight::new(Arc::new(connection));
        assert!(!in_flight.is_any());
        let abandoned = in_flight.begin();
        let response = in_flight.begin().attach(Response::new(Body::from("tea")));
        assert_eq!(response.body().size_hint().exact(), Some(3));
        drop(abandoned);
        assert!(in_flight.is_any());
        drop(response);
        assert!(!in_flight.is_any());
    }
}
