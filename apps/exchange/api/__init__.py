"""Operations of exchange: imports."""
