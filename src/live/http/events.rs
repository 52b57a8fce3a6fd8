//! `GET /events`: the records of the node as server-sent events, by axum's `Sse`.

use super::Api;
use super::auth::Access;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// Interval of keep-alive comments on a stream without events.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Streams the events of the node as trace records: first `hello`, then the present state as records, then every record
/// as it happens, until the node stops. The event `gap` ends a stream that was read too slowly; connect again.
#[utoipa::path(get, path = "/events", security((), ("token" = [])), responses(
    (status = OK, body = String, content_type = "text/event-stream"),
    ProblemResponses))]
pub(super) async fn events(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ProblemDetails> {
    api.auth.authorize(Access::Write, from, &headers)?;
    let place = api.event_streams.take(from.ip()).ok_or_else(|| {
        ProblemDetails::unavailable(
            "too many event streams are open, or too many from your address; close one",
        )
    })?;
    let subscription = api.host.ask(HostCommand::Subscribe).await?;
    let mut snapshot = subscription.snapshot.into_iter();
    let hello = snapshot
        .next()
        .map(|hello| Event::default().event("hello").data(hello.as_ref()));
    let records = snapshot.map(|record| Event::default().event("record").data(record.as_ref()));
    let first: Vec<Event> = hello.into_iter().chain(records).collect();
    let rest = BroadcastStream::new(subscription.records);
    // A gap is the last event.
    let rest = rest.scan(true, |goes_on, record| {
        let event = match record {
            _ if !*goes_on => None,
            Ok(record) => Some(Event::default().event("record").data(record.as_ref())),
            Err(_) => {
                *goes_on = false;
                Some(Event::default().event("gap").data("{}"))
            }
        };
        async move { event }
    });
    // The stream ends when the recorder of the host is dropped.
    let events = stream::iter(first).chain(rest).map(move |event| {
        // The stream keeps its place until it is dropped.
        let _ = &place;
        Ok(event)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
