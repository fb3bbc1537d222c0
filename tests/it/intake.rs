//! What intake makes of a body: formats, compression, limits, order, and the same request twice.
