//! `InFlight`: how many answers of a connection are being made or told.

use axum::body::{Body, Bytes};
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Counts the answers of a connection from the call to the last byte of the body, however long that goes on.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// An answer is being made from now on.
    pub(super) fn begin(&self) -> ResponseGuard {
        self.0.fetch_add(1, Ordering::Relaxed);
        ResponseGuard(self.clone())
    }

    /// Is somebody waiting for an answer, or for the rest of one?
    pub(super) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// An answer under way; dropped when it has been given, or nobody waits for it any more.
pub(super) struct ResponseGuard(InFlight);

impl ResponseGuard {
    /// The answer goes on until its body has ended.
    pub(super) fn tell(self, response: Response<Body>) -> Response<GuardedBody> {
        response.map(|body| GuardedBody {
            body,
            _answer: self,
        })
    }
}

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that is being told.
pub(super) struct GuardedBody {
    body: Body,
    _answer: ResponseGuard,
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
    fn an_answer_goes_on_until_its_body_is_gone() {
        let answering = InFlight::default();
        assert!(!answering.is_any());
        let unheard = answering.begin();
        let answer = answering.begin().tell(Response::new(Body::from("tea")));
        assert_eq!(answer.body().size_hint().exact(), Some(3));
        drop(unheard);
        assert!(answering.is_any());
        drop(answer);
        assert!(!answering.is_any());
    }
}
