//! `Form`: the serialized form of an internal type, as a separate type. Macros derive the forms of structs and enums.

use super::context::{Decode, Encode, Problem};
use super::shared_objects::Shareable;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A type that occurs in traces.
pub(super) trait Form: Sized {
    /// The serialized form.
    type As<'a>: Serialize + Deserialize<'a>
    where
        Self: 'a;

    /// Converts to the serialized form.
    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a>;

    /// Converts from the serialized form.
    ///
    /// # Errors
    /// If it refers to a node or a definition that does not exist, or a text is malformed.
    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem>;
}

/// Text that borrows from the line if it contains no escapes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Text<'a> {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Text<'static> {
        Text(Cow::Owned(text))
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

/// A shared object: its number, or the object itself in a stream without definitions.
pub(super) enum Shared<F> {
    Number(u64),
    Inline(Box<F>),
}

impl<F: Serialize> Serialize for Shared<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Shared::Number(number) => serializer.serialize_u64(*number),
            Shared::Inline(form) => form.serialize(serializer),
        }
    }
}

impl<'de, F: Deserialize<'de>> Deserialize<'de> for Shared<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shared<F>, D::Error> {
        struct SharedVisitor<F>(PhantomData<F>);
        impl<'de, F: Deserialize<'de>> Visitor<'de> for SharedVisitor<F> {
            type Value = Shared<F>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a definition, or an object")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Shared<F>, E> {
                Ok(Shared::Number(number))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shared<F>, A::Error> {
                let form = F::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Shared::Inline(Box::new(form)))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Shared<F>, A::Error> {
                let form = F::deserialize(de::value::SeqAccessDeserializer::new(list))?;
                Ok(Shared::Inline(Box::new(form)))
            }
        }
        deserializer.deserialize_any(SharedVisitor(PhantomData))
    }
}

/// Writes a shared object.
pub(super) fn share<'a, T: Shareable + ?Sized, F: Serialize>(
    object: &'a Arc<T>,
    cx: &mut Encode<'a, '_>,
    form: impl Fn(&'a T, &mut Encode<'a, '_>) -> F,
) -> Shared<F> {
    match cx.share(object, |cx| form(object, cx)) {
        Some(number) => Shared::Number(number),
        None => Shared::Inline(Box::new(form(object, cx))),
    }
}

/// A struct whose fields are written under these names.
macro_rules! form_struct {
    ($form:ident for $inner:ty { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) struct $form<'a> {
            $($(#[$meta])* #[serde(borrow)] $field: <$type as Form>::As<'a>),*
        }

        impl Form for $inner {
            type As<'a> = $form<'a>;

            fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> $form<'a> {
                let Self { $($field),* } = self;
                $form { $($field: $field.to_form(cx)),* }
            }

            fn from_form(form: $form<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok(Self { $($field: Form::from_form(form.$field, cx)?),* })
            }
        }
    };
}

/// An enum whose variants are written under these names in snake case.
macro_rules! form_enum {
    (
        $form:ident for $inner:ty {
            struct { $($(#[$smeta:meta])* $sname:ident { $($(#[$fmeta:meta])* $field:ident: $stype:ty),* $(,)? }),* $(,)? }
            tuple { $($(#[$tmeta:meta])* $tname:ident($($item:ident: $ttype:ty),*)),* $(,)? }
            unit { $($(#[$umeta:meta])* $uname:ident),* $(,)? }
        }
    ) => {
        // A form lives on the stack for one line: boxing its large variants would only cost allocations.
        #[allow(clippy::large_enum_variant)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $form<'a> {
            $($(#[$smeta])* $sname { $($(#[$fmeta])* #[serde(borrow)] $field: <$stype as Form>::As<'a>),* },)*
            $($(#[$tmeta])* $tname($(#[serde(borrow)] <$ttype as Form>::As<'a>),*),)*
            $($(#[$umeta])* $uname,)*
        }

        impl Form for $inner {
            type As<'a> = $form<'a>;

            fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> $form<'a> {
                match self {
                    $(Self::$sname { $($field),* } => $form::$sname { $($field: $field.to_form(cx)),* },)*
                    $(Self::$tname($($item),*) => $form::$tname($($item.to_form(cx)),*),)*
                    $(Self::$uname => $form::$uname,)*
                }
            }

            fn from_form(form: $form<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok(match form {
                    $($form::$sname { $($field),* } => Self::$sname { $($field: Form::from_form($field, cx)?),* },)*
                    $($form::$tname($($item),*) => Self::$tname($(Form::from_form($item, cx)?),*),)*
                    $($form::$uname => Self::$uname,)*
                })
            }
        }
    };
}

/// An enum without content.
macro_rules! form_names {
    ($form:ident for $inner:ty { $($(#[$meta:meta])* $name:ident),* $(,)? }) => {
        #[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $form {
            $($(#[$meta])* $name),*
        }

        impl Form for $inner {
            type As<'a> = $form;

            fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> $form {
                match self {
                    $(Self::$name => $form::$name),*
                }
            }

            fn from_form(form: $form, _cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Ok(match form {
                    $($form::$name => Self::$name),*
                })
            }
        }
    };
}

/// A shared object.
macro_rules! form_shared {
    ($($type:ty),* $(,)?) => {
        $(impl Form for std::sync::Arc<$type> {
            type As<'a> = Shared<<$type as Form>::As<'a>>;

            fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
                share(self, cx, |object, cx| object.to_form(cx))
            }

            fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
                match form {
                    Shared::Number(number) => cx.defined(number),
                    Shared::Inline(form) => Form::from_form(*form, cx).map(std::sync::Arc::new),
                }
            }
        })*
    };
}

/// An object in an `Arc`, written like the object itself.
macro_rules! form_arc {
    ($($type:ty),* $(,)?) => {
        $(impl Form for std::sync::Arc<$type> {
            type As<'a> = <$type as Form>::As<'a>;

            fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
                (**self).to_form(cx)
            }

            fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
                Form::from_form(form, cx).map(std::sync::Arc::new)
            }
        })*
    };
}

pub(super) use {form_arc, form_enum, form_names, form_shared, form_struct};
