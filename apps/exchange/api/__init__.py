"""Operations of exchange: imports, exports."""
