"""The add-ons' charts from outside: what values they take, which versions there are, and moving a record to another one."""
