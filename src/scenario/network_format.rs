//! Serde types of node lists. Unknown fields are ignored, because these lists have many fields and get new ones.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeEntry {
    pub(super) public_key: String,
    name: Option<String>,
    pub(super) organization_id: Option<String>,
    pub(super) home_domain: Option<String>,
    pub(super) quorum_set: Option<QuorumSetEntry>,
}

impl NodeEntry {
    /// The name, unless blank.
    pub(super) fn given_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?.trim();
        (!name.is_empty()).then_some(name)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuorumSetEntry {
    pub(super) threshold: u64,
    #[serde(default)]
    pub(super) validators: Vec<String>,
    #[serde(default)]
    pub(super) inner_quorum_sets: Vec<QuorumSetEntry>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrganizationEntry {
    pub(super) id: String,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) validators: Vec<String>,
}

/// Byte positions at which `key` is the value of "publicKey".
pub(super) fn find_public_key<'a>(content: &'a str, key: &str) -> impl Iterator<Item = usize> + 'a {
    let quoted = serde_json::Value::from(key).to_string();
    let mut from = 0;
    let found = std::iter::from_fn(move || {
        let at = from + content[from..].find(&quoted)?;
        from = at + quoted.len();
        Some(at)
    });
    found.filter(|at| {
        let before = content[..*at].trim_end();
        let field = before.strip_suffix(':').map(str::trim_end);
        field.is_some_and(|field| field.ends_with("\"publicKey\""))
    })
}
