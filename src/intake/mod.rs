mod order;
mod split;
