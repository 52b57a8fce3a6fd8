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
pub(super) type Proposals = BTreeMap<ProposalId, Arc<Proposal>>;

/// How many values are remembered.
const REMEMBERED: usize = 256;

/// Decodes values of the `Log` application.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    known: RefCell<BTreeMap<Value, Option<Arc<Proposals>>>>,
}

impl Decoder {
    /// The proposals in `value`; `None` if it is not the canonical encoding of a set.
    pub(super) fn decode(&self, value: &Value) -> Option<Arc<Proposals>> {
        let mut known = self.known.borrow_mut();
        if let Some(answer) = known.get(value) {
            return answer.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let answer = proposals_in(value).map(Arc::new);
        known.insert(value.clone(), answer.clone());
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
        for nth in 0..2 * REMEMBERED as u32 {
            let id = ProposalId {
                origin: NodeKey::of("G0"),
                nth,
            };
            let content = Content::Note(format!("{nth}"));
            let set: Proposals = [(id, Arc::new(Proposal { id, content }))].into();
            let value = value_of(&set);
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            assert_eq!(
                decoder.decode(&Value::from(format!("no {nth}").as_str())),
                None
            );
        }
        assert!(decoder.known.borrow().len() <= REMEMBERED);
    }
}
