//! Trust of the node in others: `POST /trust` for its operator, and `GET /identity`, by which it proves its address.

use super::Api;
use super::auth::Access;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::{HostCommand, NodeTrustEdit};
use crate::live::wire::{IdentityView, WireAddressProof};
use crate::node::NodeKey;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A change of the trust set: exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustBody {
    /// Key of a node to trust from the next slot on, without probation.
    #[serde(default)]
    #[schema(value_type = String, nullable = false)]
    add: Option<NodeKey>,
    /// Key of a node to remove. It no longer counts in the running slot either.
    #[serde(default)]
    #[schema(value_type = String, nullable = false)]
    remove: Option<NodeKey>,
}

/// The trust set after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrustReply {
    /// Number of trusted nodes, this one included.
    trusted: usize,
}

/// Adds a node to the trust set, or removes it at once. A removal within a running slot replaces the quorum set of that
/// slot, which can break agreement if other nodes do not do the same.
#[utoipa::path(post, path = "/trust", request_body = TrustBody, security((), ("token" = [])), responses(
    (status = OK, body = TrustReply),
    ProblemResponses))]
pub(super) async fn edit_trust(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<TrustReply>, ProblemDetails> {
    api.auth.authorize(Access::Write, from, &headers)?;
    let edit = match api
        .body
        .json::<TrustBody>(from.ip(), &headers, body)
        .await?
    {
        TrustBody {
            add: Some(key),
            remove: None,
        } => NodeTrustEdit::Add(key),
        TrustBody {
            add: None,
            remove: Some(key),
        } => NodeTrustEdit::Remove(key),
        _ => {
            let why = r#"expected {"add": KEY} or {"remove": KEY}"#;
            return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
        }
    };
    let edited = api
        .host
        .ask(|reply| HostCommand::EditTrust(edit, reply))
        .await?;
    edited
        .map(|trusted| Json(TrustReply { trusted }))
        .map_err(|why| ProblemDetails::new(StatusCode::CONFLICT, why))
}

/// Parameters of a challenge.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChallengeParams {
    /// Any text of at most 64 bytes. The answer contains it.
    #[param(max_length = 64)]
    nonce: String,
    /// Key of the asking node. The answer then contains its newest messages, as far as this node has them.
    #[param(value_type = Option<String>)]
    asker: Option<NodeKey>,
}

/// Proves that this node answers at this address: signs the nonce with its key. A node asks this before it trusts
/// another one, and learns whether its own data folder is an older copy.
#[utoipa::path(get, path = "/identity", params(ChallengeParams), responses(
    (status = OK, body = IdentityView),
    ProblemResponses))]
pub(super) async fn prove_identity(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    params: Result<Query<ChallengeParams>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<IdentityView>, ProblemDetails> {
    api.auth.authorize(Access::Read, from, &headers)?;
    let Query(params) =
        params.map_err(|error| ProblemDetails::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    let proof = WireAddressProof::sign(&api.identity, &api.network, params.nonce)
        .map_err(|error| ProblemDetails::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let (messages, announcement) = match params.asker {
        Some(asker) => {
            api.host
                .ask(|reply| HostCommand::LatestMessages(asker, reply))
                .await?
        }
        None => Default::default(),
    };
    Ok(Json(IdentityView {
        proof,
        messages,
        announcement,
    }))
}
