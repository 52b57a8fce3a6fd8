//! `Decoder`: the proposals in a value, decoded once.
//!
//! SCP asks again and again whether a value is valid. A decoder remembers its recent answers; what it remembers never
//! changes an answer, so it is no state of the node.

use super::proposal::{Proposal, ProposalId, proposals_in};
use crate::scp::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A set of proposals.
pub(super) type ProposalSet = BTreeMap<ProposalId, Arc<Proposal>>;

/// How many values are remembered.
const CACHE_MAX: usize = 256;

/// Decodes values of the `Log` application.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    cache: RefCell<BTreeMap<Value, Option<Arc<ProposalSet>>>>,
}

impl Decoder {
    /// The proposals in `value`; `None` if it is not the canonical encoding of a set.
    pub(super) fn decode(&self, value: &Value) -> Option<Arc<ProposalSet>> {
        let mut cache = self.cache.borrow_mut();
        if let Some(answer) = cache.get(value) {
            return answer.clone();
        }
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        let answer = proposals_in(value).map(Arc::new);
        cache.insert(value.clone(), answer.clone());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeKey;
    use crate::node::{Content, value_of};

    #[test]
    fn remembered_answers_are_the_same_answers() {
        let decoder = Decoder::default();
        for nth in 0..2 * CACHE_MAX as u32 {
            let id = ProposalId {
                origin: NodeKey::of("G0"),
                nth,
            };
            let content = Content::Note(format!("{nth}"));
            let set: ProposalSet = [(id, Arc::new(Proposal { id, content }))].into();
            let value = value_of(&set);
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            assert_eq!(
                decoder.decode(&Value::from(format!("no {nth}").as_str())),
                None
            );
        }
        assert!(decoder.cache.borrow().len() <= CACHE_MAX);
    }
}
