//! Counts responses that are being made or sent on one connection, so that a shutdown can wait for them.

use axum::body::{Body, Bytes};
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// The number of responses in flight: each counts from its request to the last byte of its body.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// Counts a request that has arrived, until the guard is dropped.
    pub(super) fn begin(&self) -> ResponseGuard {
        self.0.fetch_add(1, Ordering::Relaxed);
        ResponseGuard(self.clone())
    }

    /// Whether a response is in flight.
    pub(super) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
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
        self.0.0.fetch_sub(1, Ordering::Relaxed);
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

    #[test]
    fn a_response_is_in_flight_until_its_body_is_dropped() {
        let in_flight = InFlight::default();
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
