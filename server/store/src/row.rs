//! Reading and writing columns as the types that they stand for.

use sqlx::{
    Any, Database, Encode, Row, Type,
    any::{AnyRow, AnyTypeInfo},
    encode::IsNull,
    error::BoxDynError,
};
use worv_core::UnixMillis;

/// Bytes of one length.
pub(crate) fn bytes<const N: usize>(row: &AnyRow, column: &'static str) -> sqlx::Result<[u8; N]> {
    row.try_get::<&[u8], _>(column)?
        .try_into()
        .map_err(|error| sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: Box::new(error),
        })
}

/// A time.
pub(crate) fn time(row: &AnyRow, column: &'static str) -> sqlx::Result<UnixMillis> {
    Ok(UnixMillis(row.try_get(column)?))
}

/// A time that may not have come.
pub(crate) fn optional_time(row: &AnyRow, column: &'static str) -> sqlx::Result<Option<UnixMillis>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(UnixMillis))
}

/// A count, in whatever type it is needed. What does not fit was not written by this program.
pub(crate) fn count<T: TryFrom<i64>>(row: &AnyRow, column: &'static str) -> sqlx::Result<T>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(row.try_get::<i64, _>(column)?).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}

/// A count as databases hold it.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number that may be absent. sqlx (0.9) tells PostgreSQL that an absent `f64` is an `f32`, and the other way round; a
/// statement that was prepared for the one does not take the other.
pub(crate) struct OptionalDouble(pub(crate) Option<f64>);

impl Type<Any> for OptionalDouble {
    fn type_info() -> AnyTypeInfo {
        <f64 as Type<Any>>::type_info()
    }
}

impl Encode<'_, Any> for OptionalDouble {
    fn encode_by_ref(&self, buffer: &mut <Any as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self.0 {
            Some(value) => Encode::<Any>::encode_by_ref(&value, buffer),
            None => Encode::<Any>::encode_by_ref(&None::<f32>, buffer),
        }
    }
}
