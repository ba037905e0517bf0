module tlstwin

go 1.19
