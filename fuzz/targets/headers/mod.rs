//! The headers of a message by any hand.

use arbitrary::Arbitrary;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, ByteArray, FieldArray, FieldTable, LongString, ShortString};

/// Headers under the names that are read, of any type.
#[derive(Debug, Arbitrary)]
pub struct Headers<'a> {
    version: Value<'a>,
    known: [Value<'a>; 5],
    traceparent: Option<Value<'a>>,
    others: Vec<(&'a str, Value<'a>)>,
    absent: u8,
}

impl Headers<'_> {
    pub fn properties(&self) -> BasicProperties {
        const KNOWN: [&str; 5] = ["project", "task", "first_index", "record_count", "published"];
        let mut headers = FieldTable::default();
        for (name, value) in &self.others {
            if let Ok(name) = ShortString::try_new(*name) {
                headers.insert(name, value.amqp());
            }
        }
        if self.absent != 0xff {
            // Most often it is this release's.
            let version =
                if self.absent % 4 == 0 { self.version.amqp() } else { AMQPValue::LongInt(1) };
            headers.insert("v".into(), version);
        }
        for (place, (name, value)) in KNOWN.iter().zip(&self.known).enumerate() {
            if self.absent != 0xf0 + place as u8 {
                headers.insert((*name).into(), value.amqp());
            }
        }
        if let Some(traceparent) = &self.traceparent {
            headers.insert("traceparent".into(), traceparent.amqp());
        }
        BasicProperties::default().with_headers(headers)
    }
}

#[derive(Debug, Arbitrary)]
enum Value<'a> {
    Small(i32),
    Large(i64),
    Number(i32),
    Text(&'a [u8]),
    Short(&'a str),
    Bytes(&'a [u8]),
    Unsigned(u32),
    Tiny(i8),
    Double(f64),
    Bool(bool),
    List(Vec<i64>),
    Time(u64),
    Void,
}

impl Value<'_> {
    fn amqp(&self) -> AMQPValue {
        match self {
            Self::Small(value) | Self::Number(value) => AMQPValue::LongInt(*value),
            Self::Large(value) => AMQPValue::LongLongInt(*value),
            Self::Text(text) => AMQPValue::LongString(LongString::from(text.to_vec())),
            Self::Short(text) => {
                ShortString::try_new(*text).map_or(AMQPValue::Void, AMQPValue::ShortString)
            }
            Self::Bytes(bytes) => AMQPValue::ByteArray(ByteArray::from(bytes.to_vec())),
            Self::Unsigned(value) => AMQPValue::LongUInt(*value),
            Self::Tiny(value) => AMQPValue::ShortShortInt(*value),
            Self::Double(value) => AMQPValue::Double(*value),
            Self::Bool(value) => AMQPValue::Boolean(*value),
            Self::List(values) => {
                let mut array = FieldArray::default();
                for value in values {
                    array.push(AMQPValue::LongLongInt(*value));
                }
                AMQPValue::FieldArray(array)
            }
            Self::Time(value) => AMQPValue::Timestamp(*value),
            Self::Void => AMQPValue::Void,
        }
    }
}
