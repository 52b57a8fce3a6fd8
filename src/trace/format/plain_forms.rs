//! Forms of plain types: numbers, texts, node ids, peers, lists.

use super::context::{Decode, Encode, Problem};
use super::nodes::UNKNOWN;
use super::serialized_form::{Form, Shared, Text, share};
use crate::node::{NodeKey, Peer, PeerList};
use crate::scp::{NodeId, SlotIndex, Value};
use crate::time::{Span, Time};
use crate::trace::record::FlightId;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

macro_rules! form_copy {
    ($($type:ty),*) => {
        $(impl Form for $type {
            type As<'a> = $type;

            fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> $type {
                *self
            }

            fn from_form(form: $type, _cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok(form)
            }
        })*
    };
}

form_copy!(u32, u64, bool, f64);

macro_rules! form_number {
    ($($type:ident),*) => {
        $(impl Form for $type {
            type As<'a> = u64;

            fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> u64 {
                self.0
            }

            fn from_form(form: u64, _cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok($type(form))
            }
        })*
    };
}

form_number!(Time, Span, SlotIndex, FlightId);

impl Form for String {
    type As<'a> = Text<'a>;

    fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> Text<'a> {
        self.as_str().into()
    }

    fn from_form(form: Text<'_>, _cx: &mut Decode<'_>) -> Result<String, Problem> {
        Ok(form.0.into_owned())
    }
}

impl Form for Arc<str> {
    type As<'a> = Text<'a>;

    fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> Text<'a> {
        (&**self).into()
    }

    fn from_form(form: Text<'_>, _cx: &mut Decode<'_>) -> Result<Arc<str>, Problem> {
        Ok((*form.0).into())
    }
}

/// The text of a value, or `0x` and hexadecimal digits.
impl Form for Value {
    type As<'a> = Text<'a>;

    fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> Text<'a> {
        match self.as_str() {
            Some(text) if !text.starts_with("0x") && !text.contains(char::is_control) => {
                text.into()
            }
            _ => self.to_string().into(),
        }
    }

    fn from_form(form: Text<'_>, cx: &mut Decode<'_>) -> Result<Value, Problem> {
        let parsed = cx.values.intern(&form.0, |text| {
            Value::deserialize(de::value::StrDeserializer::<de::value::Error>::new(text))
        });
        parsed.map_err(|why| (why.to_string(), "a value"))
    }
}

/// The id of the node; `#` and a number for a node that was never introduced.
impl Form for NodeId {
    type As<'a> = Text<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Text<'a> {
        match cx.node(*self) {
            Some(entry) => (&*entry.id).into(),
            None => format!("{UNKNOWN}{}", self.0).into(),
        }
    }

    fn from_form(form: Text<'_>, cx: &mut Decode<'_>) -> Result<NodeId, Problem> {
        cx.node(&form.0)
    }
}

/// The id of the node if it was introduced, otherwise the whole key.
impl Form for NodeKey {
    type As<'a> = Text<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Text<'a> {
        match cx.node_by_key(self) {
            Some(entry) => (&*entry.id).into(),
            None => self.to_string().into(),
        }
    }

    fn from_form(form: Text<'_>, cx: &mut Decode<'_>) -> Result<NodeKey, Problem> {
        if let Some(key) = cx.public_key(&form.0) {
            return Ok(key);
        }
        let parsed = form.0.parse::<NodeKey>();
        parsed.map_err(|why| (why.to_string(), "the id or the public key of a node"))
    }
}

/// The id of the node if name and key are those of its introduction; otherwise id, key and name.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PeerForm<'a> {
    Introduced(Text<'a>),
    Other(OtherPeer<'a>),
}

/// A peer whose name or key differs from its introduction.
#[derive(Serialize, Deserialize)]
pub(super) struct OtherPeer<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for PeerForm<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PeerForm<'a>, D::Error> {
        struct PeerVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for PeerVisitor<'a> {
            type Value = PeerForm<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a node, or its `id`, `key` and `name`")
            }

            fn visit_borrowed_str<E>(self, id: &'de str) -> Result<PeerForm<'a>, E> {
                Ok(PeerForm::Introduced(id.into()))
            }

            fn visit_str<E>(self, id: &str) -> Result<PeerForm<'a>, E> {
                Ok(PeerForm::Introduced(id.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PeerForm<'a>, A::Error> {
                OtherPeer::deserialize(MapAccessDeserializer::new(map)).map(PeerForm::Other)
            }
        }
        deserializer.deserialize_any(PeerVisitor(PhantomData))
    }
}

impl Form for Peer {
    type As<'a> = PeerForm<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> PeerForm<'a> {
        match cx.node(self.id) {
            Some(entry) if entry.key == self.key && entry.name == self.name => {
                PeerForm::Introduced((&*entry.id).into())
            }
            _ => PeerForm::Other(OtherPeer {
                id: self.id.to_form(cx),
                key: self.key.to_form(cx),
                name: self.name.to_form(cx),
            }),
        }
    }

    fn from_form(form: PeerForm<'_>, cx: &mut Decode<'_>) -> Result<Peer, Problem> {
        match form {
            PeerForm::Introduced(id) => cx.peer(&id.0).cloned(),
            PeerForm::Other(OtherPeer { id, key, name }) => Ok(Peer {
                id: cx.node(&id.0)?,
                key: Form::from_form(key, cx)?,
                name: Form::from_form(name, cx)?,
            }),
        }
    }
}

impl<T: Form> Form for Option<T> {
    type As<'a>
        = Option<T::As<'a>>
    where
        T: 'a;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Option<T::As<'a>> {
        self.as_ref().map(|content| content.to_form(cx))
    }

    fn from_form(form: Option<T::As<'_>>, cx: &mut Decode<'_>) -> Result<Option<T>, Problem> {
        form.map(|form| T::from_form(form, cx)).transpose()
    }
}

fn list<'a, T: Form + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    cx: &mut Encode<'a, '_>,
) -> Vec<T::As<'a>> {
    items.into_iter().map(|item| item.to_form(cx)).collect()
}

/// Converts the items into a list without spare capacity: collecting in place would keep the memory of the forms, which
/// are much larger.
fn items<T: Form>(forms: Vec<T::As<'_>>, cx: &mut Decode<'_>) -> Result<Vec<T>, Problem> {
    let mut items = Vec::with_capacity(forms.len());
    for form in forms {
        items.push(T::from_form(form, cx)?);
    }
    Ok(items)
}

impl<T: Form> Form for Vec<T> {
    type As<'a>
        = Vec<T::As<'a>>
    where
        T: 'a;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Vec<T::As<'a>> {
        list(self, cx)
    }

    fn from_form(forms: Vec<T::As<'_>>, cx: &mut Decode<'_>) -> Result<Vec<T>, Problem> {
        items(forms, cx)
    }
}

impl<T: Form + Ord> Form for BTreeSet<T> {
    type As<'a>
        = Vec<T::As<'a>>
    where
        T: 'a;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Vec<T::As<'a>> {
        list(self, cx)
    }

    fn from_form(forms: Vec<T::As<'_>>, cx: &mut Decode<'_>) -> Result<BTreeSet<T>, Problem> {
        items(forms, cx).map(BTreeSet::from_iter)
    }
}

impl<T: Form> Form for BTreeMap<String, T> {
    type As<'a>
        = BTreeMap<Text<'a>, T::As<'a>>
    where
        T: 'a;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
        let entries = self.iter();
        entries
            .map(|(name, content)| (name.to_form(cx), content.to_form(cx)))
            .collect()
    }

    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        let entries = form.into_iter();
        entries
            .map(|(name, content)| Ok((name.0.into_owned(), T::from_form(content, cx)?)))
            .collect()
    }
}

impl<A: Form, B: Form> Form for (A, B) {
    type As<'a>
        = (A::As<'a>, B::As<'a>)
    where
        A: 'a,
        B: 'a;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
        (self.0.to_form(cx), self.1.to_form(cx))
    }

    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        Ok((A::from_form(form.0, cx)?, B::from_form(form.1, cx)?))
    }
}

/// Lists in an `Arc`.
macro_rules! form_slice {
    ($($type:ty),*) => {
        $(impl Form for Arc<[$type]> {
            type As<'a> = Vec<<$type as Form>::As<'a>>;

            fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
                list(&**self, cx)
            }

            fn from_form(forms: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok(items::<$type>(forms, cx)?.into())
            }
        })*
    };
}

form_slice!(NodeId, (SlotIndex, Value));

/// Address books are shared, because every node of a large network has the same one.
impl Form for Arc<[Peer]> {
    type As<'a> = Shared<Vec<PeerForm<'a>>>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
        share(self, cx, list)
    }

    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        match form {
            Shared::Number(number) => cx.defined(number),
            Shared::Inline(forms) => Ok(items::<Peer>(*forms, cx)?.into()),
        }
    }
}

/// The peers as a list.
impl Form for PeerList {
    type As<'a> = <Arc<[Peer]> as Form>::As<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
        self.shared().to_form(cx)
    }

    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        <Arc<[Peer]>>::from_form(form, cx).map(PeerList::from)
    }
}
